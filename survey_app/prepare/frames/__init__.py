"""From the list of dossiers that the one-stop software gives to a frame: one hashed file, contacts apart."""
