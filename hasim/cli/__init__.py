"""The commands. Thin: arguments in, the same functions as :mod:`hasim.api`, answers out, exit statuses."""
