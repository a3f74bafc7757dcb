"""From the live articles and what people did with them to one person's short, explained slate."""
