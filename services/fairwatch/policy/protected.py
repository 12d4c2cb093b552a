"""Protected attributes: which names and words stand for them."""

from fairwatch.policy.protected_names import is_protected, is_proxy_value, is_secret, is_soft_biometric, subject_of

__all__ = ["is_protected", "is_proxy_value", "is_secret", "is_soft_biometric", "subject_of"]
