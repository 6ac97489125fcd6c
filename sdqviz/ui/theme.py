"""The look: gradio's tokens with the charts' blue, and contrasts that WCAG AA asks for."""

import gradio as gr

# Around Okabe and Ito's blue (500), which the charts use too: white on it has contrast 5.2.
_BLUE = gr.themes.Color(
    name="sdqviz",
    c50="#eef6fb",
    c100="#d8eaf5",
    c200="#b0d5ea",
    c300="#7dbadb",
    c400="#3a97c9",
    c500="#0072b2",
    c600="#00659e",
    c700="#005586",
    c800="#00456d",
    c900="#003453",
    c950="#002238",
)
_QUIET, _QUIET_DARK = "#4b5563", "#b4bdcb"  # on their backgrounds: contrast 7 and 8

THEME = gr.themes.Soft(
    primary_hue=_BLUE,
    secondary_hue=_BLUE,
    neutral_hue="slate",
    font=["system-ui", "sans-serif"],
    font_mono=["ui-monospace", "monospace"],
    radius_size="sm",
    spacing_size="sm",
).set(
    body_text_color_subdued=_QUIET,
    body_text_color_subdued_dark=_QUIET_DARK,
    block_info_text_color=_QUIET,
    block_info_text_color_dark=_QUIET_DARK,
    input_placeholder_color=_QUIET,
    input_placeholder_color_dark=_QUIET_DARK,
    # A label is a word, not a badge.
    block_title_background_fill="none",
    block_title_background_fill_dark="none",
    block_title_text_color="*body_text_color",
    block_title_text_color_dark="*body_text_color",
    block_title_padding="0",
    block_title_text_weight="600",
    block_label_background_fill="none",
    block_label_text_color="*body_text_color",
    block_label_text_color_dark="*body_text_color",
    button_primary_background_fill="*primary_500",
    button_primary_background_fill_hover="*primary_600",
    button_primary_background_fill_dark="*primary_500",
    button_primary_background_fill_hover_dark="*primary_400",
    link_text_color="*primary_600",
    link_text_color_dark="*primary_300",
    color_accent="*primary_500",
)
