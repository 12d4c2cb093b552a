"""Reports for the public and for impact assessments, from the audit log and the configuration."""
