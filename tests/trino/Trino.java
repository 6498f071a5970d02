import com.fasterxml.jackson.databind.ObjectMapper;
import io.trino.Session;
import io.trino.sql.parser.SqlParser;
import io.trino.testing.LocalQueryRunner;
import io.trino.testing.MaterializedResult;
import io.trino.testing.MaterializedRow;
import io.trino.testing.TestingSession;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Trino itself, without a server: a line of JSON in, {"parse": SQL} or {"run": SQL}, a line of JSON out. */
public class Trino {
    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err); // what Trino prints is not an answer
        ObjectMapper json = new ObjectMapper();
        Session session = TestingSession.testSessionBuilder().build();
        LocalQueryRunner runner = LocalQueryRunner.builder(session).build();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Map<String, Object> answer = new HashMap<>();
            try {
                Map<?, ?> asked = json.readValue(line, Map.class);
                if (asked.containsKey("parse")) {
                    answer.put("parsed", new SqlParser().createStatement((String) asked.get("parse")).toString());
                } else {
                    MaterializedResult result = runner.execute((String) asked.get("run"));
                    List<List<String>> rows = new ArrayList<>();
                    for (MaterializedRow row : result.getMaterializedRows()) {
                        List<String> cells = new ArrayList<>();
                        for (Object cell : row.getFields()) {
                            cells.add(cell == null ? null : cell.toString());
                        }
                        rows.add(cells);
                    }
                    answer.put("columns", result.getColumnNames());
                    answer.put("types", result.getTypes().stream().map(Object::toString).toList());
                    answer.put("rows", rows);
                }
            } catch (Throwable error) {
                answer.put("error", String.valueOf(error.getMessage()));
            }
            out.println(json.writeValueAsString(answer));
        }
        System.exit(0); // its threads would keep it alive
    }
}
