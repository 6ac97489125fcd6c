"""The Gradio app. Reads the store through `views`; knows neither torch nor the runner."""
