"""The errors that more than one room raises, split by the guilty party.

A modelled refusal of the cloud is :class:`hasim.cloud.CloudError`; a mistake in the user's file is
:class:`hasim.scenario.ScenarioError`. What is left, and lives here, is our own fault.
"""

__all__ = ["HasimError", "LostWorkersError", "ModelInvariantError", "UserError"]


class HasimError(Exception):
    """Base of every error that hasim raises on purpose."""


class UserError(HasimError):
    """The user's input cannot be used; the message says what was expected and what to do (exit status 2)."""


class LostWorkersError(HasimError):
    """The workers of a study were killed, or their cluster went away (exit status 1); notes say what is kept."""


class ModelInvariantError(HasimError):
    """The model contradicts itself: a bug in hasim, never the user's fault (exit status 1)."""
