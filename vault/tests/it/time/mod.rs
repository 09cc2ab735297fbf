mod zones;
