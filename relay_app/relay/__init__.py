"""The relay process: the compiled packet path, what keeps it supplied with sessions, and what it records of itself."""
