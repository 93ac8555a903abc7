# The course in an image: for a class, for Codespaces, and, with --build-arg MORE=--dev, for grading.
#   docker build -t course .
#   docker run --rm -p 8888:8888 course          then open the address that it prints
FROM python:3.11-slim-bookworm
ARG MORE=""
# Debian keeps one version of a package, so none is named.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends bubblewrap git make && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 1000 learner && install -d -o learner -g learner /home/learner/course
USER 1000
WORKDIR /home/learner/course
COPY --chown=learner . .
RUN PIP_NO_CACHE_DIR=1 python tools/setup.py $MORE && .venv/bin/python tools/warm.py
ENV PATH=/home/learner/course/.venv/bin:$PATH
EXPOSE 8888
CMD ["make", "lab", "ARGS=--ip=0.0.0.0 --no-browser"]
