"""The style document of a launch (SMART 2.2, smart_style_url): the EHR's colours and fonts, for apps to adopt."""

from __future__ import annotations

import hashlib
import json

STYLE = {
    "color_background": "#FFFFFF",
    "color_error": "#AE1F1C",
    "color_highlight": "#0B4A8F",
    "color_modal_backdrop": "#0F1F30",
    "color_success": "#15653D",
    "color_text": "#0F1F30",
    "dim_border_radius": "6px",
    "dim_font_size": "15px",
    "dim_spacing_size": "8px",
    "font_family_body": "system-ui, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
    "font_family_heading": "system-ui, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
}
DOCUMENT = json.dumps(STYLE, indent=2).encode()
PATH = f"/smart-style/{hashlib.sha256(DOCUMENT).hexdigest()[:12]}.json"
"""Path below the tenant's URL. It changes with the content, so clients may cache it forever."""
