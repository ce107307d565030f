"""A campaign as a picture: what stands in it, where it stands, and how it is written as SVG, Mermaid or DOT. Pure."""
