"""What authors and graders run."""

import sys

# jsonschema, which nbformat imports, would read a grammar for a second that nothing here asks for: that of addresses.
sys.modules.setdefault("rfc3987_syntax", None)
