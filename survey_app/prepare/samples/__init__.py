"""The draw: from plan and frame to lists of dossiers, their cells, and a replay that anybody can make."""
