"""What stands between a browser and the page: who may ask, what is answered, under which policy."""
