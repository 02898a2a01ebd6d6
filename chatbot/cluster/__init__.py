"""What processes of one cluster know of each other, by way of Redis: who lives, who answers what, and the events.

Nothing here knows what a generation is, but that it has events. The only place that imports redis, and only when there
is a cluster.
"""
