# Trinamo as a container: `docker build -t trinamo . && docker run --rm -p 8000:8000 trinamo`
FROM python:3.13-slim AS build
WORKDIR /src
COPY . .
RUN python -m venv /opt/trinamo \
 && /opt/trinamo/bin/pip install --no-cache-dir --quiet --disable-pip-version-check --constraint requirements.lock . \
 && /opt/trinamo/bin/pip uninstall --quiet --yes pip

FROM python:3.13-slim
COPY --from=build /opt/trinamo /opt/trinamo
RUN useradd --system --uid 10001 trinamo && install -d -o trinamo -g trinamo /data
USER trinamo
ENV PATH=/opt/trinamo/bin:$PATH PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=2s --timeout=2s --start-period=2s --retries=15 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/_trinamo/health', timeout=1)"]
ENTRYPOINT ["trinamo", "dev", "--host", "0.0.0.0"]
