"""A respondent answers: page, submission, writer; import of paper forms."""
