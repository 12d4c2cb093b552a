#!/bin/sh
[ -s /opt/kafka/classes.jsa ] && archive=-XX:SharedArchiveFile=/opt/kafka/classes.jsa
exec java $archive $JAVA_OPTS ${KAFKA_HEAP_OPTS:--Xmx512m} -Xshare:auto \
  ${KAFKA_JVM_PERFORMANCE_OPTS:--XX:+UseSerialGC -XX:TieredStopAtLevel=1} \
  -Dlog4j2.configurationFile=/opt/kafka/config/log4j2.properties -cp '/opt/kafka/libs/*' "$@"
