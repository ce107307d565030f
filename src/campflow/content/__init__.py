"""What is sent: files below `content/`, checked, made ready by their channel, and filled for one person."""
