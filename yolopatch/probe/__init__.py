"""The probe: it runs in a workspace's interpreter. Imports are relative here: no yolopatch is installed there."""
