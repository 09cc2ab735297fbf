"""The rows of docs/cluster.md: each module has a function `run`, whose argument says how, and the figure that is wanted."""

UNLIMITED = {"KEYHOLD_LIMIT_CHANGES": "0", "KEYHOLD_LIMIT_KEYS": "0", "KEYHOLD_LIMIT_SIGN_UPS": "0"}
