"""Settings for other Pythons and other folders, which may not reach the course."""

HOSTILE = {
    "PIP_USER": "1", "PIP_TARGET": "elsewhere", "PIP_PREFIX": "elsewhere", "PIP_ROOT": "elsewhere", "PIP_NO_DEPS": "1",
    "PIP_DRY_RUN": "1", "PIP_REQUIRE_HASHES": "1", "PIP_PYTHON": "elsewhere", "PIP_QUIET": "3",
    "PIP_CONSTRAINT": "elsewhere", "PIP_NO_BINARY": ":all:",
    "PYTHONHOME": "elsewhere", "PYTHONPATH": "elsewhere", "PYTHONUSERBASE": "elsewhere", "VIRTUAL_ENV": "elsewhere",
}  # fmt: skip
