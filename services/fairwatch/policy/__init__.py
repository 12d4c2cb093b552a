"""What is allowed: protected attributes, authorisations, two people, release, the audit chain."""
