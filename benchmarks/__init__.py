"""Speed and memory, and the measurements that the documents rest on."""
