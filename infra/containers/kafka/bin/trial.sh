#!/bin/sh
# Runs a broker once while the image is built and leaves an archive of the classes that a start loads.
set -e
PATH=$PATH:/opt/kafka/bin
config=/opt/kafka/config/trial.properties
kafka-storage.sh format -t MkU3OEVBNTcwNTJENDM2Qk -c $config >/dev/null
JAVA_OPTS=-XX:ArchiveClassesAtExit=/opt/kafka/classes.jsa kafka-server-start.sh $config >/tmp/trial.log 2>&1 &
broker=$!
for _ in $(seq 120); do
  grep -q "Kafka Server started" /tmp/trial.log && break
  sleep 0.5
done
kill $broker
wait $broker || true
test -s /opt/kafka/classes.jsa || { tail -n 5 /tmp/trial.log; exit 1; }
rm -rf /var/lib/kafka/data/* /tmp/*
