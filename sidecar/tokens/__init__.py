"""The token where it lies: `content` judges it, `store` keeps it, `rotation` replaces it under running agents."""
