"""Which object on a shelf elsewhere is which artifact.

It owns etl.shelf and etl.shelf_objects.
"""
