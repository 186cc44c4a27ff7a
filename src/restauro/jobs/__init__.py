"""Folder jobs: many pictures, several processes, and a record by which a job goes on."""
