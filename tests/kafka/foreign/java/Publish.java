import java.io.ByteArrayOutputStream;
import java.io.File;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.generic.GenericRecordBuilder;
import org.apache.avro.io.EncoderFactory;
import org.apache.avro.message.BinaryMessageEncoder;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Publishes one observation: BROKER TOPIC SCHEMA.avsc DEVICE PLATE [REGISTRY_URL]. Knows nothing of Fairwatch. */
public final class Publish {
    public static void main(String[] arguments) throws Exception {
        String broker = arguments[0], topic = arguments[1], device = arguments[3], plate = arguments[4];
        Schema schema = new Schema.Parser().parse(new File(arguments[2]));
        GenericRecord observation = plateRead(schema, device, plate);
        byte[] value = arguments.length > 5 ? confluent(schema, observation, arguments[5]) : singleObject(schema, observation);

        Properties options = new Properties();
        options.put("bootstrap.servers", broker);
        options.put("acks", "all");
        options.put("delivery.timeout.ms", "30000");
        options.put("request.timeout.ms", "10000");
        options.put("enable.idempotence", System.getenv().getOrDefault("IDEMPOTENCE", "true"));
        try (var producer = new KafkaProducer<>(options, new StringSerializer(), new ByteArraySerializer())) {
            producer.send(new ProducerRecord<>(topic, device, value)).get();
        }
        System.out.println(observation.get("observation_id"));
    }

    private static GenericRecord plateRead(Schema schema, String device, String plate) {
        long now = System.currentTimeMillis() * 1000;
        Schema plates = schema.getField("plates").schema().getElementType();
        return new GenericRecordBuilder(schema)
            .set("observation_id", UUID.nameUUIDFromBytes((device + plate + now).getBytes()).toString())
            .set("event_type", "plate.read")
            .set("device_id", device)
            .set("source", new GenericRecordBuilder(schema.getField("source").schema()).set("format", "java-gate").build())
            .set("occurred_at", now)
            .set("received_at", now)
            .set("object_class", new GenericData.EnumSymbol(schema.getField("object_class").schema(), "PLATE"))
            .set("plates", List.of(new GenericRecordBuilder(plates).set("text", plate).set("raw", plate).build()))
            .set("extensions", Map.of("lane", "2", "driver.ethnicity", "forbidden-value", "driver.Emotion", "forbidden-value"))
            .build();
    }

    private static byte[] singleObject(Schema schema, GenericRecord record) throws Exception {
        ByteBuffer bytes = new BinaryMessageEncoder<GenericRecord>(GenericData.get(), schema).encode(record);
        byte[] value = new byte[bytes.remaining()];
        bytes.get(value);
        return value;
    }

    private static byte[] confluent(Schema schema, GenericRecord record, String registry) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(0);
        out.write(ByteBuffer.allocate(4).putInt(register(schema, registry)).array());
        var encoder = EncoderFactory.get().binaryEncoder(out, null);
        new GenericDatumWriter<GenericRecord>(schema).write(record, encoder);
        encoder.flush();
        return out.toByteArray();
    }

    private static int register(Schema schema, String registry) throws Exception {
        String quoted = schema.toString().replace("\\", "\\\\").replace("\"", "\\\"");
        HttpRequest request = HttpRequest.newBuilder(URI.create(registry + "/subjects/" + schema.getFullName() + "/versions"))
            .header("Content-Type", "application/vnd.schemaregistry.v1+json")
            .POST(HttpRequest.BodyPublishers.ofString("{\"schema\": \"" + quoted + "\"}"))
            .build();
        HttpResponse<String> answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
        Matcher id = Pattern.compile("\"id\"\\s*:\\s*(\\d+)").matcher(answer.body());
        if (answer.statusCode() != 200 || !id.find()) {
            throw new IllegalStateException(registry + " answers " + answer.statusCode() + ": " + answer.body());
        }
        return Integer.parseInt(id.group(1));
    }
}
