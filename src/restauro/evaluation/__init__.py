"""What methods are asked, and what they made of it: protocols, methods, scores, groups."""
