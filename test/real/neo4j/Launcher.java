import java.nio.file.Path;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.configuration.connectors.BoltConnector;
import org.neo4j.configuration.helpers.SocketAddress;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;

/** Neo4j Community in this process, by Bolt on loopback with a password: `java Launcher.java FOLDER PORT PASSWORD`. */
class Launcher {
  public static void main(String[] words) throws Exception {
    var service = new DatabaseManagementServiceBuilder(Path.of(words[0]))
        .setConfig(BoltConnector.enabled, true)
        .setConfig(BoltConnector.listen_address, new SocketAddress("127.0.0.1", Integer.parseInt(words[1])))
        .setConfig(GraphDatabaseSettings.auth_enabled, true)
        .build();
    Runtime.getRuntime().addShutdownHook(new Thread(service::shutdown));
    service.database("system").executeTransactionally("ALTER USER neo4j SET PASSWORD '" + words[2] + "' CHANGE NOT REQUIRED");
    System.out.println("listening");
    Thread.currentThread().join();
  }
}
