"""Small stores as earlier versions wrote them, which every later version has to open; and what wrote them."""
