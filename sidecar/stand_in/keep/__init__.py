"""What happens to spans that come in: the token is checked, spans are counted and stored."""
