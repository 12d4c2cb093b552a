"""Cisco Meraki MV."""
