"""What all pages share: access, headers, error pages, languages, numbers as text, paging, charts."""
