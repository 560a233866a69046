"""The relay process: its compiled packet path, its control side, and its records."""
