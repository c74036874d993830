"""Plans of annual campaigns: the document, sizes and allocation, differences, freezing, addenda."""
