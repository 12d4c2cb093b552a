"""Protected attributes: which they are and how they are taken out, before anything is produced."""

from fairwatch.policy.protected_names import is_protected, is_secret, is_soft_biometric, subject_of
from fairwatch.policy.redaction import is_proxy_value, redact_bytes, redact_text, redact_tree

__all__ = [
    "is_protected",
    "is_proxy_value",
    "is_secret",
    "is_soft_biometric",
    "redact_bytes",
    "redact_text",
    "redact_tree",
    "subject_of",
]
