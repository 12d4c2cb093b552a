#!/bin/sh
exec /opt/kafka/bin/java.sh kafka.tools.StorageTool "$@"
