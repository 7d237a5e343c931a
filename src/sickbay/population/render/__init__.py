"""Two renderers of the same life: `hospital()`, `record(life)`, `slot()`, `appointment()`. Ids are the same in both."""
