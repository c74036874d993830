"""Forms answered on paper, keyed into a table: read, checked, stored whole or not at all."""
