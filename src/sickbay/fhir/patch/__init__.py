"""JSON Patch, FHIRPath Patch and JSON Merge Patch on resources."""
