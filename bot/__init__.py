"""The Discord side: how what people ask is done. It never imports torch."""
