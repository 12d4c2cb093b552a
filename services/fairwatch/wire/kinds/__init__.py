"""Kinds of texts: which words, codes, names, ids and addresses a record may hold, and what becomes of all others."""
