"""A respondent answers: ways in, form, writer; cases and reports of codes; import of paper forms."""
