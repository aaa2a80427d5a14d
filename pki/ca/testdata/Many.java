import java.lang.reflect.*;
import java.nio.file.*;
import java.security.cert.X509Certificate;
import java.util.*;

/** Asks Bouncy Castle about many certificates in one process: Many ROOT SUB LIST; "yes" or "no" for each file of LIST. */
public class Many {
    public static void main(String[] args) throws Exception {
        Class<?> checker = Class.forName("BcCheck");
        Field provider = checker.getDeclaredField("BC"), options = checker.getDeclaredField("o");
        Method chain = checker.getDeclaredMethod("chain", X509Certificate.class, Collection.class, Date.class, boolean.class);
        Method load = checker.getDeclaredMethod("load", String.class);
        for (AccessibleObject a : List.of(provider, options, chain, load)) a.setAccessible(true);
        java.security.Security.addProvider((java.security.Provider) provider.get(null));
        options.set(null, Map.of("ca", List.of(args[0]), "inter", List.of(args[1])));
        StringBuilder answers = new StringBuilder();
        for (String file : Files.readAllLines(Path.of(args[2]))) {
            boolean accepted = true;
            try {
                chain.invoke(null, ((List<?>) load.invoke(null, file)).get(0), List.of(), null, false);
            } catch (Exception refused) {
                accepted = false;
            }
            answers.append(accepted ? "yes\n" : "no\n");
        }
        Files.writeString(Path.of(args[2] + ".answers"), answers);
    }
}
