# One image for a laptop, a server and a Docker Space: port 7860, uid 1000, one writable home.
FROM python:3.12-slim

RUN useradd --create-home --uid 1000 user
WORKDIR /home/user/app
COPY --chown=user . .
RUN pip install --no-cache-dir .

USER user
ENV HOME=/home/user \
    SDQVIZ_HOME=/home/user/data \
    HF_HOME=/home/user/data/huggingface \
    TORCH_HOME=/home/user/torch \
    GRADIO_TEMP_DIR=/home/user/data/tmp \
    GRADIO_ANALYTICS_ENABLED=False
RUN mkdir -p /home/user/data/tmp
# The backbone of LPIPS (alex, 233 MB), beside the data folder: a volume mounted there hides nothing.
RUN python -m sdqviz fetch metrics
EXPOSE 7860
HEALTHCHECK --start-period=60s CMD \
    python -c "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/', timeout=5)"
# Give -e SDQVIZ_AUTH=USER:PASSWORD (or open, to let anyone in): the app refuses to be public by accident.
CMD ["python", "app.py", "--host", "0.0.0.0"]
