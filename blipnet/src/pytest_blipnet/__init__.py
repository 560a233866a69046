"""Blipnet's scenarios as pytest tests: the plugin that `blipnet` brings along."""

from pytest_blipnet.plays import ScenarioPlayer

__all__ = ["ScenarioPlayer"]
