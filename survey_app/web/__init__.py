"""What all pages share: access, error pages, languages, numbers as text, charts."""
