# One image for web, workers, beat and the migrate job; compose.yaml shows the commands.
# The Python of the test suite: the locked wheels are known to be right for it.
FROM python:3.11-slim AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
COPY requirements/base.lock /tmp/base.lock
RUN /opt/venv/bin/pip install --no-deps --require-hashes --only-binary :all: -r /tmp/base.lock

FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TANDEM_VENV=current \
    TANDEM_LOCAL=/var/lib/tandem \
    TANDEM_MEDIA_ROOT=/var/lib/tandem/media \
    NUMBA_CACHE_DIR=/var/cache/tandem/numba \
    DJANGO_SETTINGS_MODULE=config.settings.prod
RUN useradd --system --uid 10001 --home-dir /srv/tandem --shell /usr/sbin/nologin tandem \
    && install -d -o tandem -g tandem /srv/tandem /var/cache/tandem/numba /var/lib/tandem/media
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv/tandem
COPY . .
# The key is for this one step; the running container gets its own or does not start.
RUN SECRET_KEY=only-for-collecting-static-files-while-the-image-is-built-00 ALLOWED_HOSTS=localhost \
    python manage.py collectstatic --no-input
USER tandem
EXPOSE 8000
CMD ["gunicorn", "--config", "config/gunicorn.py", "config.wsgi"]
