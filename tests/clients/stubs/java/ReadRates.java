import com.silkrate.v1.GetSnapshotRequest;
import com.silkrate.v1.GetSnapshotResponse;
import com.silkrate.v1.Rate;
import com.silkrate.v1.RateFilter;
import com.silkrate.v1.RateServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * Reads the latest rates with the code that protoc and grpc-java generate from the contract.
 *
 * <pre>java ReadRates 127.0.0.1:50051 KZT/USD USD/KZT</pre>
 *
 * <p>Prints the revision, and then a line for each pair: the pair, its value, and the change in per cent.
 */
public final class ReadRates {
    /** The server answers from memory: a call that takes longer has failed. */
    private static final long CALL_SECONDS_MAX = 10;

    private ReadRates() {}

    public static void main(String[] arguments) {
        if (arguments.length < 2) {
            System.err.println("usage: ReadRates HOST:PORT PAIR...");
            System.exit(64);
        }
        ManagedChannel channel = ManagedChannelBuilder.forTarget(arguments[0]).usePlaintext().build();
        try {
            Iterable<String> pairs = Arrays.asList(arguments).subList(1, arguments.length);
            RateFilter filter = RateFilter.newBuilder().addAllPairs(pairs).build();
            GetSnapshotResponse snapshot =
                    RateServiceGrpc.newBlockingStub(channel)
                            .withDeadlineAfter(CALL_SECONDS_MAX, TimeUnit.SECONDS)
                            .getSnapshot(GetSnapshotRequest.newBuilder().setFilter(filter).build());
            // A Java long has a sign, a revision has none.
            String revision = Long.toUnsignedString(snapshot.getPosition().getRevision());
            System.out.println("revision\t" + revision);
            for (Rate rate : snapshot.getRatesList()) {
                // What is absent is absent, not zero.
                String percent = rate.hasChange() ? rate.getChange().getPercent() : "n/a";
                System.out.println(rate.getPair() + "\t" + rate.getValue() + "\t" + percent);
            }
        } finally {
            channel.shutdownNow();
        }
    }
}
