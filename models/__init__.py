"""The models' side: torch and pixels. It knows neither Discord nor the token."""
